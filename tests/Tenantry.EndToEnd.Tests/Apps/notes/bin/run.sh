# Serves what is in /data, and counts its starts there.
starts=$(cat /data/starts 2>/dev/null || echo 0)
echo $((starts + 1)) > /data/starts
echo "$GREETING from $TENANT" > /data/index.html
echo ok > /data/healthz
echo "start $((starts + 1)) of $TENANT"
echo "a line to standard error" >&2
exec /bin/busybox httpd -f -p 127.0.0.1:8080 -h /data
