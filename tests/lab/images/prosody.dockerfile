# Prosody 13 of Debian 13, set up for Jitsi as far as its environment says. XMPP is real.
# name: ghcr.io/jitsi/prosody:stable-11146-2
FROM tools
RUN apt-get install prosody
RUN install -d -o 1000 -g 1000 /config /var/lib/prosody /run/prosody
COPY prosody/entrypoint.sh /init
COPY jitsi/healthcheck.sh /usr/local/bin/healthcheck.sh
ENV HEALTH_URL=http://127.0.0.1:5280/http-bind
USER 1000:1000
VOLUME /config /var/lib/prosody
EXPOSE 5222/tcp 5280/tcp
ENTRYPOINT ["/init"]
