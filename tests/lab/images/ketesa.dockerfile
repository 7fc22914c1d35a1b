# Ketesa's contract: its files' place, its port, its configuration, its user. Not Ketesa itself.
# name: ghcr.io/etkecc/ketesa:v1.4.0
FROM nginx
RUN mkdir -p /var/public && echo '<!doctype html><title>Ketesa</title>' >/var/public/index.html
RUN echo '{}' >/var/public/config.json
USER 1000:1000
EXPOSE 8080/tcp
HEALTHCHECK CMD wget -q --spider http://localhost:8080/health
ENTRYPOINT ["serve-files","/var/public","8080","/var/public/config.json"]
