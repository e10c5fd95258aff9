-- What is searched and sorted by is written without accents and punctuation from here on; the program fills in
-- what is empty (library/sought.rs), as SQL knows neither.
UPDATE tracks SET sought = '';
