# Types into a terminal as if the person before it had.
./calls terminal
