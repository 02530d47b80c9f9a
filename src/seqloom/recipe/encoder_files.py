"""Files of a text encoder's folder, as Hugging Face writes them."""

CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE = "config.json", "tokenizer.json", "model.safetensors"
TOKENIZER_CONFIG_FILE = "tokenizer_config.json"  # some have none
ENCODER_FILES = (CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE)  # without which there is none
