using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

/// <summary>A request as the fake API got it.</summary>
internal sealed record SeenRequest(string Method, string Path, string Query, string Body, IReadOnlyDictionary<string, string> Headers);

/// <summary>An API on a Unix socket in a data folder of its own, which answers what a test says.</summary>
internal sealed class FakeApi : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly Dictionary<string, Func<HttpContext, Task>> _answers = new(StringComparer.Ordinal);

    private FakeApi(string folder)
    {
        Folder = folder;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Limits.MinRequestBodyDataRate = null;
            options.ListenUnixSocket(Path.Combine(folder, "api.sock"), listen => listen.Protocols = HttpProtocols.Http1);
        });
        _application = builder.Build();
        _application.UseWebSockets();
        _application.Run(HandleAsync);
    }

    /// <summary>What <c>--data</c> is given.</summary>
    public string Folder { get; }

    public ConcurrentQueue<SeenRequest> Requests { get; } = new();

    public static async Task<FakeApi> StartAsync()
    {
        var api = new FakeApi(Directory.CreateTempSubdirectory("tenantry-cli-test-").FullName);
        await api._application.StartAsync();
        return api;
    }

    /// <summary>Answers <c>METHOD /path</c> (without its query) in any way.</summary>
    public void On(string methodAndPath, Func<HttpContext, Task> answer) => _answers[methodAndPath] = answer;

    public void On<T>(string methodAndPath, T value, int status = 200) => On(methodAndPath, context => WriteAsync(context, value, status));

    public void OnList<T>(string methodAndPath, params T[] items) => On(methodAndPath, new PageResponse<T>(items, null));

    public void OnProblem(string methodAndPath, int status, string code, string detail, params ProblemError[] errors) => On(
        methodAndPath,
        context =>
        {
            context.Response.ContentType = "application/problem+json";
            return WriteAsync(context, new ProblemResponse { Status = status, Code = code, Title = "A problem", Detail = detail, Errors = errors.Length > 0 ? errors : null }, status);
        });

    /// <summary>Server-sent events of an operation, one for each given state of it.</summary>
    public void OnEvents(OperationResponse[] states) => On($"GET /v1/operations/{states[0].Id}/events", async context =>
    {
        context.Response.ContentType = "text/event-stream";
        foreach (var state in states)
            await context.Response.WriteAsync($"event: operation\ndata: {Json(state)}\n\n");
    });

    public SeenRequest Single(string methodAndPath) => Requests.Single(r => $"{r.Method} {r.Path}" == methodAndPath);

    public static string Json<T>(T value) => JsonSerializer.Serialize(value, (JsonTypeInfo<T>)WireJson.Options.GetTypeInfo(typeof(T)));

    public static T Read<T>(string json) => JsonSerializer.Deserialize(json, (JsonTypeInfo<T>)WireJson.Options.GetTypeInfo(typeof(T)))!;

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    public static async Task WriteAsync<T>(HttpContext context, T value, int status)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType ??= "application/json";
        await context.Response.WriteAsync(Json(value));
    }

    private async Task HandleAsync(HttpContext context)
    {
        var body = "";
        if (!context.WebSockets.IsWebSocketRequest)
        {
            using var reader = new StreamReader(context.Request.Body, Encoding.Latin1);
            body = await reader.ReadToEndAsync();
        }

        Requests.Enqueue(new(context.Request.Method, context.Request.Path, context.Request.QueryString.Value ?? "", body, context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        if (_answers.TryGetValue($"{context.Request.Method} {context.Request.Path}", out var answer))
        {
            await answer(context);
            return;
        }

        context.Response.ContentType = "application/problem+json";
        await WriteAsync(context, new ProblemResponse { Status = 404, Code = ProblemCodes.NotFound, Title = "Not found", Detail = $"There is no {context.Request.Path}." }, 404);
    }
}
