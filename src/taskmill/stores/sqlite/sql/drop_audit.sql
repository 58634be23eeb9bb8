DELETE FROM audit WHERE number <= :number
