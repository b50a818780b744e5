using System.Net;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>
/// A change that can be sent, or previewed without changing anything. Sent twice it is done once: it carries one idempotency key
/// for its life.
/// </summary>
public sealed class Change<T>
{
    private readonly bool _isRepeatable;
    private readonly Transport _transport;
    private readonly HttpMethod _method;
    private readonly string _path;
    private readonly Func<HttpContent?> _body;
    private readonly Func<HttpResponseMessage, CancellationToken, Task<T>> _read;
    private readonly string? _ifMatch;
    private readonly string _key = Guid.NewGuid().ToString("n");

    internal Change(
        Transport transport,
        HttpMethod method,
        string path,
        Func<HttpContent?> body,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        string? ifMatch = null,
        bool isRepeatable = true)
    {
        _isRepeatable = isRepeatable;
        _transport = transport;
        _method = method;
        _path = path;
        _body = body;
        _read = read;
        _ifMatch = ifMatch;
    }

    /// <summary>Carries it out.</summary>
    /// <exception cref="TenantryException">It was refused or failed.</exception>
    /// <exception cref="TenantryUnavailableException">No whole answer came.</exception>
    public async Task<T> SendAsync(CancellationToken cancellationToken = default)
    {
        using var request = Request(_path);
        if (_method == HttpMethod.Post && _isRepeatable)
            request.Headers.Add("Idempotency-Key", _key);
        using var response = await _transport.SendAsync(request, cancellationToken);
        return await _read(response, cancellationToken);
    }

    /// <summary>What it would do. Mistakes are refused as they would be by <see cref="SendAsync"/>.</summary>
    public async Task<PlanResponse> PreviewAsync(CancellationToken cancellationToken = default)
    {
        using var request = Request(_path + (_path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "dryRun=true");
        using var response = await _transport.SendAsync(request, cancellationToken);
        return await _transport.ReadAsync<PlanResponse>(response, cancellationToken);
    }

    private HttpRequestMessage Request(string path)
    {
        var request = _transport.Request(_method, path);
        request.Content = _body();
        if (_ifMatch is not null)
            request.Headers.TryAddWithoutValidation("If-Match", _ifMatch);
        return request;
    }
}

/// <summary>What came of a change of an instance: the operation that carries it out, or the instance when nothing had to change.</summary>
/// <param name="Operation">Null when nothing had to change.</param>
/// <param name="Unchanged">The instance when nothing had to change, otherwise null.</param>
public sealed record InstanceChange(OperationResponse? Operation, InstanceDetailResponse? Unchanged);

/// <summary>Makes changes for the parts of the client.</summary>
internal static class Changes
{
    /// <summary>The <c>If-Match</c> of a change that expects a version, or takes any.</summary>
    public static string Match(long? version) => version is { } v ? $"\"{v}\"" : "*";

    public static Change<T> Of<T>(this Transport transport, HttpMethod method, string path, Func<HttpContent?>? body = null, string? ifMatch = null) =>
        new(transport, method, path, body ?? None, transport.ReadAsync<T>, ifMatch);

    /// <summary>One whose answer is given once and never again: asked for without an idempotency key.</summary>
    public static Change<T> Once<T>(this Transport transport, HttpMethod method, string path, Func<HttpContent?> body) =>
        new(transport, method, path, body, transport.ReadAsync<T>, isRepeatable: false);

    public static Change<InstanceChange> OfInstance(this Transport transport, HttpMethod method, string path, Func<HttpContent?>? body = null, string? ifMatch = null) =>
        new(
            transport,
            method,
            path,
            body ?? None,
            async (response, cancellationToken) => response.StatusCode == HttpStatusCode.Accepted
                ? new(await transport.ReadAsync<OperationResponse>(response, cancellationToken), null)
                : new(null, await transport.ReadAsync<InstanceDetailResponse>(response, cancellationToken)),
            ifMatch);

    /// <summary>One that answers 204 and gives <paramref name="result"/>.</summary>
    public static Change<T> Empty<T>(this Transport transport, HttpMethod method, string path, T result, Func<HttpContent?>? body = null) =>
        new(transport, method, path, body ?? None, (_, _) => Task.FromResult(result));

    private static HttpContent? None() => null;
}
