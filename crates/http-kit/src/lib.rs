//! What every door shares on HTTP: request ids, limits, ranges, sites, error bodies.
