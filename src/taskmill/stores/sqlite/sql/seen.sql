UPDATE worker SET seen_at = :now WHERE id = :owner
