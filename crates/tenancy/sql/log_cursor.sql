SELECT c.epoch, c.host FROM audit.cursor c
