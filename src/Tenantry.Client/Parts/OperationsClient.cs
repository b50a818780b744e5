using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>Operations, and waiting for them.</summary>
public sealed class OperationsClient
{
    // An operation outlives a restart of the control plane, which takes this long even on a slow machine.
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(30);
    private readonly Transport _transport;

    internal OperationsClient(Transport transport) => _transport = transport;

    /// <summary>Operations, newest first.</summary>
    /// <param name="slug">Of this instance only, or null for all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public IAsyncEnumerable<OperationResponse> ListAsync(string? slug = null, CancellationToken cancellationToken = default) =>
        _transport.ListAsync<OperationResponse>("v1/operations" + (slug is null ? "" : "?instance=" + Uri.EscapeDataString(slug)), cancellationToken);

    /// <summary>Part of the same list.</summary>
    /// <param name="slug">Of this instance only, or null for all.</param>
    /// <param name="cursor">Where the part before ended, or null.</param>
    /// <param name="limit">1 to 1000.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<PageResponse<OperationResponse>> GetPageAsync(string? slug, string? cursor, int limit, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<PageResponse<OperationResponse>>("v1/operations" + QueryText.Of(("instance", slug), ("cursor", cursor), ("limit", limit.ToString())), cancellationToken);

    /// <summary>One operation.</summary>
    public Task<OperationResponse> GetAsync(string id, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<OperationResponse>(Route(id), cancellationToken);

    /// <summary>One operation, or null when there is none with that id.</summary>
    public Task<OperationResponse?> FindAsync(string id, CancellationToken cancellationToken = default) =>
        _transport.FindAsync<OperationResponse>(Route(id), cancellationToken);

    /// <summary>
    /// The operation with each change of it; the last one is finished. When the connection breaks it is made again, for half a minute or as long as
    /// <see cref="TenantryClient.Patience"/> says; after that the failure is thrown.
    /// </summary>
    public async IAsyncEnumerable<OperationResponse> WatchAsync(string id, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var patience = _transport.Patience > LeastPatience ? _transport.Patience : LeastPatience;
        var awaySince = TimeProvider.System.GetTimestamp();
        while (true)
        {
            await using var events = WatchOnceAsync(id, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (true)
            {
                try
                {
                    if (!await events.MoveNextAsync())
                        break;
                }
                catch (Exception away) when (Transport.IsAway(away) && TimeProvider.System.GetElapsedTime(awaySince) < patience)
                {
                    break;
                }

                awaySince = TimeProvider.System.GetTimestamp();
                yield return events.Current;
                if (events.Current.IsFinished)
                    yield break;
            }

            await Task.Delay(Transport.RetryPause, cancellationToken);
        }
    }

    /// <summary>Waits until it is finished, whatever its outcome.</summary>
    public async Task<OperationResponse> WaitAsync(string id, CancellationToken cancellationToken = default)
    {
        OperationResponse? last = null;
        await foreach (var operation in WatchAsync(id, cancellationToken))
            last = operation;
        return last!;
    }

    private async IAsyncEnumerable<OperationResponse> WatchOnceAsync(string id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = _transport.Request(HttpMethod.Get, Route(id) + "/events");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        using var response = await _transport.SendAsync(request, cancellationToken);
        await foreach (var operation in EventStream.ReadAsync<OperationResponse>(_transport, response, cancellationToken))
            yield return operation;
    }

    private static string Route(string id) => "v1/operations/" + Uri.EscapeDataString(id);
}
