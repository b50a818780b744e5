using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Tenantry.Server.Tests.LlmKeys;

/// <summary>
/// A small server that speaks OpenRouter's key-management API as it is documented: pages of 100, keys shown once, amounts in dollars, its error bodies. A test says
/// what goes wrong, before or after a request is carried out.
/// </summary>
internal sealed class OpenRouterPeer : IAsyncDisposable
{
    public const string ManagementKey = "sk-or-v1-management-0123456789";
    private const int PageSize = 100;

    private readonly Lock _lock = new();
    private readonly List<PeerKey> _keys = [];
    private readonly WebApplication _application;

    private OpenRouterPeer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _application = builder.Build();
        _application.Run(HandleAsync);
    }

    public string BaseUrl { get; private set; } = "";

    /// <summary>What was asked, as <c>METHOD /path</c> without the base.</summary>
    public ConcurrentQueue<PeerRequest> Requests { get; } = new();

    /// <summary>Before a request is carried out: what happens in its place, or null.</summary>
    public Func<PeerRequest, PeerFault?> Before { get; set; } = _ => null;

    /// <summary>After it was carried out: what happens in place of its answer, or null.</summary>
    public Func<PeerRequest, PeerFault?> After { get; set; } = _ => null;

    /// <summary>Another limit than is asked for.</summary>
    public Func<decimal?, decimal?> Distort { get; set; } = limit => limit;

    public IReadOnlyList<PeerKey> Keys
    {
        get
        {
            lock (_lock)
                return [.. _keys];
        }
    }

    public static async Task<OpenRouterPeer> StartAsync()
    {
        var peer = new OpenRouterPeer();
        await peer._application.StartAsync();
        peer.BaseUrl = peer._application.Urls.Single() + "/api/v1";
        return peer;
    }

    /// <summary>Keys of somebody else in the same account.</summary>
    public void AddStrangers(int count)
    {
        for (var i = 0; i < count; i++)
            Add($"stranger {i.ToString(CultureInfo.InvariantCulture)}", 1, "monthly");
    }

    public PeerKey Add(string name, decimal? limit, string? reset)
    {
        var text = "sk-or-v1-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var key = new PeerKey(Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(text))), text, name) { Limit = limit, Reset = reset };
        lock (_lock)
            _keys.Add(key);
        return key;
    }

    public void Remove(string hash)
    {
        lock (_lock)
            _keys.RemoveAll(key => key.Hash == hash);
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var path = context.Request.Path.Value!;
        path = path.StartsWith("/api/v1", StringComparison.Ordinal) ? path["/api/v1".Length..] : path;
        var request = new PeerRequest(context.Request.Method, path, context.Request.QueryString.Value ?? "", await reader.ReadToEndAsync(), Requests.Count + 1);
        Requests.Enqueue(request);
        if (Before(request) is { } before)
        {
            await before.HappenAsync(context);
            return;
        }

        var (status, body) = Carry(context, request);
        if (After(request) is { } after)
        {
            await after.HappenAsync(context);
            return;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body.ToJsonString());
    }

    private (int Status, JsonNode Body) Carry(HttpContext context, PeerRequest request)
    {
        var bearer = context.Request.Headers.Authorization.ToString();
        lock (_lock)
        {
            if (request.Path == "/key")
                return _keys.Find(key => bearer == "Bearer " + key.Text && !key.Disabled) is { } own ? (200, new JsonObject { ["data"] = own.Json() }) : Error(401, "User not found.");
            if (bearer != "Bearer " + ManagementKey)
                return Error(401, "Invalid management key");
            return (request.Method, request.Path) switch
            {
                ("GET", "/keys") => List(context),
                ("POST", "/keys") => Create(request.Body),
                ("GET", _) when Find(request.Path) is { } key => (200, new JsonObject { ["data"] = key.Json() }),
                ("PATCH", _) when Find(request.Path) is { } key => Patch(key, request.Body),
                ("DELETE", _) when Find(request.Path) is { } key => (_keys.Remove(key) ? 200 : 404, new JsonObject { ["deleted"] = true }),
                _ => Error(404, "Key not found"),
            };
        }
    }

    private PeerKey? Find(string path) => path.StartsWith("/keys/", StringComparison.Ordinal) ? _keys.Find(key => key.Hash == path["/keys/".Length..]) : null;

    private (int Status, JsonNode Body) List(HttpContext context)
    {
        var offset = context.Request.Query["offset"] is [{ } text] ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        var shown = _keys.AsEnumerable().Reverse().Where(key => !key.Disabled || context.Request.Query["include_disabled"] == "true");
        return (200, new JsonObject { ["data"] = new JsonArray([.. shown.Skip(offset).Take(PageSize).Select(key => key.Json())]) });
    }

    private (int Status, JsonNode Body) Create(string body)
    {
        var wanted = JsonDocument.Parse(body).RootElement;
        if (!wanted.TryGetProperty("name", out var name) || name.GetString() is not { Length: > 0 } text)
            return Error(400, "name is required");
        if (wanted.TryGetProperty("limit", out var limit) && limit.ValueKind is not (JsonValueKind.Number or JsonValueKind.Null))
            return Error(400, "limit must be a number");
        var key = Add(text, Distort(limit.ValueKind == JsonValueKind.Number ? limit.GetDecimal() : null), wanted.TryGetProperty("limit_reset", out var reset) ? reset.GetString() : null);
        return (201, new JsonObject { ["data"] = key.Json(), ["key"] = key.Text });
    }

    private static (int Status, JsonNode Body) Patch(PeerKey key, string body)
    {
        var wanted = JsonDocument.Parse(body).RootElement;
        if (wanted.TryGetProperty("disabled", out var disabled))
            key.Disabled = disabled.GetBoolean();
        if (wanted.TryGetProperty("limit", out var limit))
            key.Limit = limit.ValueKind == JsonValueKind.Number ? limit.GetDecimal() : null;
        if (wanted.TryGetProperty("limit_reset", out var reset))
            key.Reset = reset.GetString();
        return (200, new JsonObject { ["data"] = key.Json() });
    }

    private static (int Status, JsonNode Body) Error(int status, string message) =>
        (status, new JsonObject { ["error"] = new JsonObject { ["code"] = status, ["message"] = message } });
}

/// <summary>A request as the peer got it; the first has number 1.</summary>
internal sealed record PeerRequest(string Method, string Path, string Query, string Body, int Number)
{
    public bool Is(string method, string path) => Method == method && (Path == path || Path.StartsWith(path + "/", StringComparison.Ordinal));
}

/// <summary>A key as the peer holds it.</summary>
internal sealed class PeerKey(string hash, string text, string name)
{
    public string Hash { get; } = hash;

    public string Text { get; } = text;

    public string Name { get; } = name;

    public decimal? Limit { get; set; }

    public string? Reset { get; set; }

    public bool Disabled { get; set; }

    /// <summary>Dollars, all of it in the present day, week and month.</summary>
    public decimal Spent { get; set; }

    public JsonObject Json() => new()
    {
        ["hash"] = Hash,
        ["name"] = Name,
        ["label"] = $"{Text[..12]}...{Text[^4..]}",
        ["disabled"] = Disabled,
        ["limit"] = Limit,
        ["limit_remaining"] = Limit - Spent,
        ["limit_reset"] = Reset,
        ["include_byok_in_limit"] = false,
        ["usage"] = Spent,
        ["usage_daily"] = Spent,
        ["usage_weekly"] = Spent,
        ["usage_monthly"] = Spent,
        ["created_at"] = "2026-11-29T04:00:00Z",
        ["updated_at"] = null,
    };
}

/// <summary>Something that goes wrong.</summary>
internal sealed record PeerFault(Func<HttpContext, Task> HappenAsync)
{
    /// <summary>The connection is cut without an answer.</summary>
    public static PeerFault Cut { get; } = new(context =>
    {
        context.Abort();
        return Task.CompletedTask;
    });

    /// <summary>No answer comes until the caller gives up.</summary>
    public static PeerFault Hang { get; } = new(context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));

    /// <summary>An error of OpenRouter's own form.</summary>
    public static PeerFault Error(int status, string message = "No.", string? source = null, string? retryAfter = null) => new(async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        if (retryAfter is not null)
            context.Response.Headers.RetryAfter = retryAfter;
        var error = new JsonObject { ["code"] = status, ["message"] = message };
        if (source is not null)
            error["metadata"] = new JsonObject { ["limit_source"] = source };
        await context.Response.WriteAsync(new JsonObject { ["error"] = error }.ToJsonString());
    });

    /// <summary>A page of somebody who is not OpenRouter.</summary>
    public static PeerFault Page(int status) => new(async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html";
        await context.Response.WriteAsync("<html><body>Nothing here</body></html>");
    });

    /// <summary>Does something first, such as killing who asked.</summary>
    public PeerFault Then(Action act) => new(async context =>
    {
        act();
        await HappenAsync(context);
    });
}
