"""Small files in the true layout of every format that is read, made up for tests, fuzz and speed.

One module a format: write(folder, ...) makes the files and gives the path to read.
"""
