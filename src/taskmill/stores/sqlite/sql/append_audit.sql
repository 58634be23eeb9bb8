INSERT INTO audit ({line}) VALUES {line_rows}
