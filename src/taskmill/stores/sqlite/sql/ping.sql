UPDATE ping SET at = :now
