"""gensim's word2vec on a file of lines, and nothing else imported: `python -m bench.gensim_alone LINES OPTIONS`."""

import json
import sys

from gensim.models import Word2Vec

if __name__ == "__main__":
    Word2Vec(corpus_file=sys.argv[1], **json.loads(sys.argv[2]))
