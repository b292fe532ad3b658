// skeleton, to be replaced
