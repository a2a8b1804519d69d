"""What a made-up study is made of."""
