# PostgreSQL 15 of Debian 12, with the entrypoint contract of Docker's official image.
# name: postgres:15.20-bookworm
FROM bookworm
RUN groupadd --system --gid 999 --non-unique postgres
RUN useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql --shell /bin/bash postgres
RUN mkdir -p /etc/postgresql-common && \
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
RUN apt-get install postgresql-15 postgresql-client-15
# Half of the layer, for what the server does without.
RUN rm -r /usr/lib/x86_64-linux-gnu/libLLVM* /usr/lib/postgresql/15/lib/bitcode \
    /usr/lib/postgresql/15/lib/llvmjit*
RUN sed -i "s/^#\?listen_addresses.*/listen_addresses = '*'/" \
    /usr/share/postgresql/15/postgresql.conf.sample
RUN install -d -m 1777 -o postgres -g postgres /var/lib/postgresql/data
RUN install -d -m 3777 -o postgres -g postgres /var/run/postgresql
RUN mkdir -p /docker-entrypoint-initdb.d
COPY postgres/entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/15/bin
ENV LANG=C.UTF-8
ENV PG_MAJOR=15
ENV PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
EXPOSE 5432/tcp
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
