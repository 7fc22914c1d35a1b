# Python 3.13, its packages from Debian as far as they are built against C libraries.
FROM tools
RUN apt-get install python3 python3-pip python3-psycopg2 python3-lxml python3-yaml libjemalloc2
RUN ln -s /usr/bin/python3 /usr/local/bin/python
