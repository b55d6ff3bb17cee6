"""Learning from a library what makes searching it better; what is learned is stored in it."""

from tonotopy.train.hashing import AUTO, Learned, forget_hashing, train_hashing

__all__ = ["AUTO", "Learned", "forget_hashing", "train_hashing"]
