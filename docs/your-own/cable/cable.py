import os


def receive(frame):
    return None  # all the rest is yours


while frame := os.read(3, 2048):
    if answer := receive(frame):
        os.write(3, answer)
