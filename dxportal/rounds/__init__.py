"""The yearly round as a whole: what it asks of whom, over all the apps."""
