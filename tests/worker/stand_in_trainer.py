"""`pocovid trainer` with a stand-in for the program that trains; all else is the real thing."""

from backend import cli
from worker import training

if __name__ == "__main__":
    training.PROGRAM = "tests.worker.stand_in_training"
    cli.main()
