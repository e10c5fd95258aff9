-- Until here a file counted as tried although its disk was away: what has no loudness is tried once more.
UPDATE sounds SET tried = 0 WHERE tried = 1 AND lufs IS NULL;
