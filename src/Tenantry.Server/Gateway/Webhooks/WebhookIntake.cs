using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Tls;
using Tenantry.Server.Gateway.Waking;

namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>Takes webhooks in for instances that are not ready: on disk first, then acknowledged.</summary>
internal sealed class WebhookIntake(WebhookBox box, Action<string> stored, TimeProvider time, ILogger log, IWebhookObserver? observer = null)
{
    public const string IdHeader = "Tenantry-Delivery";
    private static readonly string[] NotKept =
        ["Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Expect", "Content-Length", "Host", IdHeader];

    private const long MostHeld = 256_000_000;
    private const int MostAtOnce = 8;
    private static readonly TimeSpan BodyTime = TimeSpan.FromMinutes(1);
    private readonly SemaphoreSlim storing = new(MostAtOnce);
    private long held;

    public bool HasPending(string instanceId) => box.HasPending(instanceId);

    public async Task<GatewayAnswer?> TakeAsync(HttpContext context, Route route, WebhookRule rule)
    {
        if (!CanBeForwarded(context))
            return GatewayAnswer.NotForwarded;
        if (context.Request.ContentLength > rule.MaxSize)
            return Close(context, GatewayAnswer.WebhookTooLarge);
        using var body = new MemoryStream();
        try
        {
            return await ReadAsync(context, rule.MaxSize, body) is { } refused ? Close(context, refused) : await StoreAsync(context, route, rule, body.ToArray());
        }
        finally
        {
            Interlocked.Add(ref held, -body.Length);
        }
    }

    // What could not be sent on stands in nobody's way.
    private static bool CanBeForwarded(HttpContext context) =>
        RequestShape.Of(context) is { } shape && !shape.Target.AsSpan().ContainsAnyExceptInRange('!', '~') && !shape.Method.AsSpan().ContainsAnyExcept(FieldRules.Token)
        && context.Request.Headers.All(header => header.Key[0] == ':' || (header.Key.Length > 0 && !header.Key.AsSpan().ContainsAnyExcept(FieldRules.Token) && header.Value.All(value => !value.AsSpan().ContainsAny(FieldRules.Breaking))));

    private static GatewayAnswer Close(HttpContext context, GatewayAnswer answer)
    {
        context.Response.Headers.Connection = "close";
        return answer;
    }

    private async Task<GatewayAnswer?> StoreAsync(HttpContext context, Route route, WebhookRule rule, byte[] body)
    {
        observer?.Boundary();
        var id = Guid.CreateVersion7().ToString("N");
        var now = time.GetUtcNow();
        var request = context.Request;
        var named = request.Headers.Connection.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var webhook = new StoredWebhook(
            id,
            now,
            now + TimeSpan.FromSeconds(rule.MaxAgeSeconds),
            request.Method,
            TlsSession.SchemeOf(context),
            context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            request.Host.Value ?? "",
            context.Connection.RemoteIpAddress?.ToString(),
            [
                .. request.Headers.Where(header => !NotKept.Contains(header.Key, StringComparer.OrdinalIgnoreCase) && !named.Contains(header.Key))
                    .SelectMany(header => header.Value.Select(value => KeyValuePair.Create(header.Key, value ?? ""))),
            ],
            body);
        await storing.WaitAsync(context.RequestAborted);
        try
        {
            if (!box.Store(route.InstanceId, webhook))
                return GatewayAnswer.TooManyWebhooks;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.LogError(failure, "A webhook for {Slug} could not be stored; its sender was told", route.Slug);
            return GatewayAnswer.WebhookNotStored;
        }
        finally
        {
            storing.Release();
        }

        observer?.Boundary();
        stored(route.InstanceId);
        await AcknowledgeAsync(context, id);
        observer?.Boundary();
        return null;
    }

    private static async Task AcknowledgeAsync(HttpContext context, string id)
    {
        var body = System.Text.Encoding.ASCII.GetBytes($"{{\"delivery\":\"{id}\"}}");
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        context.Response.Headers[IdHeader] = id;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    // Null: it is there whole. Whoever sends slowly holds memory that others need.
    private async Task<GatewayAnswer?> ReadAsync(HttpContext context, long most, MemoryStream body)
    {
        using var late = new CancellationTokenSource(BodyTime, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, late.Token);
        var piece = new byte[16 * 1024];
        try
        {
            for (int count; (count = await context.Request.Body.ReadAsync(piece, ended.Token)) > 0;)
            {
                await PollingThread.LeaveAsync();
                if (body.Length + count > most)
                    return GatewayAnswer.WebhookTooLarge;
                body.Write(piece, 0, count);
                if (Interlocked.Add(ref held, count) > MostHeld)
                    return GatewayAnswer.TooManyWebhooks;
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            return GatewayAnswer.WebhookTooSlow;
        }

        // The store that follows blocks.
        await PollingThread.LeaveAsync();
        return null;
    }
}
