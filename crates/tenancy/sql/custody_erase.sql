SELECT audit.erase_part($1, $2)
