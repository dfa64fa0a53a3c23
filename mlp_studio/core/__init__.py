"""What MLP Studio computes: plain data and pure functions, without Qt."""
