# A server of static files: nginx with the contract of its unprivileged image.
# name: nginxinc/nginx-unprivileged:1.29-alpine
FROM nginx
RUN mkdir -p /usr/share/nginx/html && echo 'Welcome to nginx!' >/usr/share/nginx/html/index.html
COPY nginx/default.conf /etc/nginx/conf.d/default.conf
USER 101
EXPOSE 8080/tcp
CMD ["nginx","-g","daemon off;"]
