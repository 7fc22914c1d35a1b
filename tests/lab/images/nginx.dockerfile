# nginx 1.26 of Debian 13 for images that serve files, ready to run as a user without rights.
FROM tools
RUN apt-get install nginx jq
RUN groupadd --gid 101 --non-unique nginx
RUN useradd --system --uid 101 --non-unique --gid nginx --no-create-home nginx
RUN rm -r /etc/nginx /var/www/html && install -d -o 101 -g 101 /etc/nginx/conf.d
COPY nginx/nginx.conf /etc/nginx/nginx.conf
COPY nginx/mime.types /etc/nginx/mime.types
COPY nginx/serve.sh /usr/local/bin/serve-files
STOPSIGNAL SIGQUIT
