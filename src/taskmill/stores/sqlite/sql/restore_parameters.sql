UPDATE task SET parameters = :parameters WHERE id = :id AND version = :version AND parameters <> :parameters
