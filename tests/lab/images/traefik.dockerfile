# A stand-in for Traefik that reads Traefik's files: the example `proxy` of this repository.
# name: traefik:v3.7.11
FROM tools
COPY --from=proxy proxy /usr/local/bin/traefik
RUN chmod 755 /usr/local/bin/traefik
RUN traefik make-authority /usr/local/share/lab-ca
COPY traefik/entrypoint.sh /entrypoint.sh
EXPOSE 80/tcp
ENTRYPOINT ["/entrypoint.sh"]
CMD ["traefik"]
