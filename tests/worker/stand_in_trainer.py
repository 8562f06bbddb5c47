"""`pocovid trainer` with a stand-in for the program that trains; all else is the real thing."""

from backend.cli import main as cli
from worker.trainings import task as training

if __name__ == "__main__":
    training.PROGRAM = "tests.worker.stand_in_training"
    cli.main()
