//! Test support: moved clock, seeded randomness, private stores; knows no door.
