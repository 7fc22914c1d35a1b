# The contract of Jitsi's web image: its user, its port, a config.js. Not Jitsi Meet itself.
# name: ghcr.io/jitsi/web:stable-11146-2
FROM nginx
RUN install -d -o 1000 -g 1000 /config
COPY jitsi/web.sh /usr/local/bin/web.sh
USER 1000:1000
VOLUME /config
EXPOSE 8000/tcp 8443/tcp
HEALTHCHECK CMD curl -f http://127.0.0.1:8000/
ENTRYPOINT ["web.sh"]
