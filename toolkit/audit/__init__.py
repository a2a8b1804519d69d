"""Whether what is hidden can be found from what is shown, by whoever reads it all and knows that votes are whole."""
