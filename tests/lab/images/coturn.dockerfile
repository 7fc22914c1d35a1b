# coturn 4.6.1 of Debian 13, with the contract of its official image.
# name: coturn/coturn:4.17.0-r0
# name: ghcr.io/coturn/coturn:4.17.0-r0
FROM tools
RUN apt-get install coturn libcap2-bin
RUN rm -f /etc/turnserver.conf && mkdir -p /etc/coturn && : >/etc/coturn/turnserver.conf
RUN ln -s /etc/coturn/turnserver.conf /etc/turnserver.conf
RUN setcap CAP_NET_BIND_SERVICE=+ep /usr/bin/turnserver
RUN install -d -o 65534 -g 65534 /var/lib/coturn
COPY coturn/entrypoint.sh /usr/local/bin/docker-entrypoint.sh
COPY coturn/detect-external-ip /usr/local/bin/detect-external-ip
USER nobody:nogroup
VOLUME /var/lib/coturn
EXPOSE 3478/tcp 3478/udp 5349/tcp 5349/udp
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["--log-file=stdout","--external-ip=$(detect-external-ip)"]
