# Redis 7.0 of Debian 12, with the entrypoint contract of Docker's official image.
# name: redis:7.4-alpine
FROM bookworm
RUN groupadd --gid 1000 --non-unique redis
RUN useradd --system --uid 999 --gid redis --home-dir /data redis
RUN apt-get install redis-server redis-tools
RUN install -d -o 999 -g 1000 /data && rm -rf /etc/redis
COPY redis/entrypoint.sh /usr/local/bin/docker-entrypoint.sh
VOLUME /data
WORKDIR /data
EXPOSE 6379/tcp
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["redis-server"]
