UPDATE audit.cursor c SET epoch = $1
