"""The explorer's pages and the document behind them: what this API says about itself, to people and to programs."""
