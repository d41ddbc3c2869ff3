"""Who calls, with which key, in which world, and how often they may."""
