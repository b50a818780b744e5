using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Xml.Linq;

namespace Tenantry.Targets.Aws.Api;

/// <summary>The calls over HTTP. (AWSSDK would be the library to use; it cannot be restored where we build. This folder stands behind <see cref="IAws"/> so that it can take its place.)</summary>
internal sealed class AwsClient : IAws, IDisposable
{
    private readonly HttpClient _http;
    private readonly Func<CancellationToken, Task<AwsKeys>> _keys;
    private readonly AwsPlace _place;
    private readonly TimeProvider _time;

    internal AwsClient(AwsPlace place, string? profile, TimeProvider time)
    {
        _http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = TimeSpan.FromSeconds(10) }) { Timeout = TimeSpan.FromSeconds(60) };
        _place = place;
        _time = time;
        _keys = new AwsCredentials(_http, place.Of(AwsService.Sts), profile, time).GetAsync;
    }

    private AwsClient(AwsClient of, Func<CancellationToken, Task<AwsKeys>> keys) =>
        (_http, _place, _time, _keys) = (of._http, of._place, of._time, keys);

    public async Task<JsonElement> JsonAsync(AwsService service, string target, object body, CancellationToken cancellationToken)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, _place.Of(service)) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-amz-json-1.1");
        request.Headers.Add("x-amz-target", $"{service.Prefix}.{target}");
        var (status, answer) = await SendAsync(request, bytes, service, cancellationToken);
        if (!IsGood(status))
            throw AwsAnswers.JsonError(answer, status);
        return answer.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(answer);
    }

    public async Task<XElement> QueryAsync(AwsService service, string action, IReadOnlyDictionary<string, string> parameters, CancellationToken cancellationToken)
    {
        var form = string.Join('&', parameters.Append(new("Action", action)).Append(new("Version", service.Version)).Select(pair => $"{SignatureV4.Escape(pair.Key)}={SignatureV4.Escape(pair.Value)}"));
        var bytes = System.Text.Encoding.UTF8.GetBytes(form);
        using var request = new HttpRequestMessage(HttpMethod.Post, _place.Of(service)) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        var (status, answer) = await SendAsync(request, bytes, service, cancellationToken);
        return IsGood(status) ? AwsAnswers.Xml(answer) : throw AwsAnswers.XmlError(answer, status);
    }

    public async Task<JsonElement> RestAsync(AwsService service, string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_place.Of(service), path));
        var (status, answer) = await SendAsync(request, [], service, cancellationToken);
        return IsGood(status) ? JsonSerializer.Deserialize<JsonElement>(answer) : throw AwsAnswers.JsonError(answer, status);
    }

    public async Task<byte[]?> GetObjectAsync(string bucket, string key, CancellationToken cancellationToken)
    {
        var (status, answer) = await ObjectAsync(HttpMethod.Get, bucket, key, [], cancellationToken);
        if (status == HttpStatusCode.NotFound && AwsAnswers.XmlError(answer, status) is { Code: "NoSuchKey" })
            return null;
        return IsGood(status) ? answer : throw AwsAnswers.XmlError(answer, status);
    }

    public async Task PutObjectAsync(string bucket, string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var (status, answer) = await ObjectAsync(HttpMethod.Put, bucket, key, content.ToArray(), cancellationToken);
        if (!IsGood(status))
            throw AwsAnswers.XmlError(answer, status);
    }

    public async Task<bool> PutNewObjectAsync(string bucket, string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var (status, answer) = await ObjectAsync(HttpMethod.Put, bucket, key, content.ToArray(), cancellationToken, isNew: true);
        if (status is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict)
            return false;
        return IsGood(status) ? true : throw AwsAnswers.XmlError(answer, status);
    }

    public async Task DeleteObjectAsync(string bucket, string key, CancellationToken cancellationToken)
    {
        var (status, answer) = await ObjectAsync(HttpMethod.Delete, bucket, key, [], cancellationToken);
        if (!IsGood(status) && status != HttpStatusCode.NotFound)
            throw AwsAnswers.XmlError(answer, status);
    }

    public async Task<IReadOnlyList<string>> ListObjectsAsync(string bucket, string prefix, CancellationToken cancellationToken)
    {
        var keys = new List<string>();
        string? next = null;
        do
        {
            var query = $"?list-type=2&prefix={SignatureV4.Escape(prefix)}" + (next is null ? "" : $"&continuation-token={SignatureV4.Escape(next)}");
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_place.Bucket(bucket), query));
            var (status, answer) = await SendAsync(request, [], AwsService.S3, cancellationToken);
            if (!IsGood(status))
                throw AwsAnswers.XmlError(answer, status);
            var read = AwsAnswers.Xml(answer);
            keys.AddRange(read.Elements().Where(element => element.Name.LocalName == "Contents").Select(element => element.Elements().First(part => part.Name.LocalName == "Key").Value));
            next = read.Elements().FirstOrDefault(element => element.Name.LocalName == "NextContinuationToken")?.Value;
        }
        while (next is { Length: > 0 });
        return keys;
    }

    public IAws As(string roleArn)
    {
        var (one, known) = (new SemaphoreSlim(1), (AwsKeys?)null);
        return new AwsClient(this, async cancellationToken =>
        {
            await one.WaitAsync(cancellationToken);
            using var free = new Released(one);
            if (known?.Ends is { } ends && ends - TimeSpan.FromMinutes(5) > _time.GetUtcNow())
                return known;
            var parameters = new Dictionary<string, string>(StringComparer.Ordinal) { ["RoleArn"] = roleArn, ["RoleSessionName"] = "tenantry" };
            var answer = await QueryAsync(AwsService.Sts, "AssumeRole", parameters, cancellationToken);
            return known = AwsAnswers.Keys(answer);
        });
    }

    public void Dispose() => _http.Dispose();

    private async Task<(HttpStatusCode Status, byte[] Answer)> ObjectAsync(HttpMethod method, string bucket, string key, byte[] content, CancellationToken cancellationToken, bool isNew = false)
    {
        var path = string.Join('/', key.Split('/').Select(SignatureV4.Escape));
        using var request = new HttpRequestMessage(method, new Uri(_place.Bucket(bucket), path));
        if (method == HttpMethod.Put)
        {
            request.Content = new ByteArrayContent(content);
            request.Headers.Add("x-amz-server-side-encryption", "AES256");
            if (isNew)
                request.Headers.Add("If-None-Match", "*");
        }

        return await SendAsync(request, content, AwsService.S3, cancellationToken);
    }

    private async Task<(HttpStatusCode Status, byte[] Answer)> SendAsync(HttpRequestMessage request, byte[] body, AwsService service, CancellationToken cancellationToken)
    {
        var keys = await _keys(cancellationToken);
        SignatureV4.Sign(request, body, keys, service.Name, service.Region ?? _place.Region, _time.GetUtcNow());
        try
        {
            using var answer = await _http.SendAsync(request, cancellationToken);
            return (answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(cancellationToken));
        }
        catch (HttpRequestException error)
        {
            throw new AwsException(AwsException.Unreachable, $"{request.RequestUri!.Authority} cannot be reached: {error.Message.TrimEnd('.')}.", 0, error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AwsException(AwsException.Unreachable, $"{request.RequestUri!.Authority} did not answer in time.", 0, error);
        }
    }

    private sealed class Released(SemaphoreSlim one) : IDisposable
    {
        public void Dispose() => one.Release();
    }

    private static bool IsGood(HttpStatusCode status) => (int)status is >= 200 and < 300;
}

/// <summary>Where AWS is.</summary>
/// <param name="Region">Such as <c>eu-central-1</c>.</param>
/// <param name="Endpoint">One address for every service, as of an emulator; null for AWS itself.</param>
internal sealed record AwsPlace(string Region, Uri? Endpoint)
{
    internal Uri Of(AwsService service) => Endpoint ?? (service.Name switch
    {
        "organizations" or "ce" => new Uri($"https://{service.Name}.us-east-1.{Domain}/"),
        "ecr" => new Uri($"https://api.ecr.{Region}.{Domain}/"),
        "acm" or "secretsmanager" or "ecs" or "logs" or "sts" or "monitoring" or "elasticloadbalancing" or "application-autoscaling" or "tagging" or "elasticfilesystem" or "ec2" => new Uri($"https://{service.Name}.{Region}.{Domain}/"),
        _ => throw new ArgumentException($"The service {service.Name} has no known address.", nameof(service)),
    });

    internal Uri Bucket(string bucket) => Endpoint is null ? new Uri($"https://{bucket}.s3.{Region}.{Domain}/") : new Uri(Endpoint, bucket + "/");

    private string Domain => Region.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn" : "amazonaws.com";
}
