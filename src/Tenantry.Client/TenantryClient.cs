using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Tenantry.Model.Wire;

namespace Tenantry.Client;

/// <summary>
/// A control plane's API, typed. Safe for many threads; made once and kept. Every call throws <see cref="TenantryException"/> when it is refused
/// or failed and <see cref="TenantryUnavailableException"/> when no whole answer came; only methods named <c>Find…</c> return null, and only for
/// what is not there.
/// </summary>
public sealed class TenantryClient : IDisposable
{
    private readonly Transport _transport;

    /// <summary>Makes one; nothing is connected yet.</summary>
    /// <param name="address">Where the control plane is.</param>
    /// <param name="token">An API token; needed over HTTP, not on the socket.</param>
    public TenantryClient(TenantryAddress address, string? token = null)
        : this(new Transport(address, token))
    {
    }

    /// <summary>Makes one that sends through a handler: for a program that answers its own requests. The handler is disposed with it.</summary>
    public TenantryClient(TenantryAddress address, HttpMessageHandler handler)
        : this(new Transport(address, handler))
    {
    }

    private TenantryClient(Transport transport)
    {
        _transport = transport;
        Apps = new(_transport);
        Sources = new(_transport);
        Tenants = new(_transport);
        Operations = new(_transport);
        Instances = new(_transport);
        Secrets = new(_transport);
        Llm = new(_transport);
        Targets = new(_transport);
        Tokens = new(_transport);
        People = new(_transport);
        Rendering = new(_transport);
    }

    /// <summary>Where the control plane is.</summary>
    public TenantryAddress Address => _transport.Address;

    /// <summary>
    /// How long reads are tried again while nobody answers or the answer is 503; zero unless said. For whoever waits for something that outlives
    /// a restart of the control plane. Changes are never sent again by themselves.
    /// </summary>
    public TimeSpan Patience
    {
        get => _transport.Patience;
        set => _transport.Patience = value;
    }

    /// <summary>Apps and their releases.</summary>
    public AppsClient Apps { get; }

    /// <summary>Input files of builds.</summary>
    public SourcesClient Sources { get; }

    /// <summary>Tenants and organizations.</summary>
    public TenantsClient Tenants { get; }

    /// <summary>Instances: their life, logs, stats, commands and data.</summary>
    public InstancesClient Instances { get; }

    /// <summary>Secrets of instances.</summary>
    public SecretsClient Secrets { get; }

    /// <summary>Operations, and waiting for them.</summary>
    public OperationsClient Operations { get; }

    /// <summary>LLM keys of instances, and the providers that issue them.</summary>
    public LlmClient Llm { get; }

    /// <summary>Targets, kinds of targets, and orphans on them.</summary>
    public TargetsClient Targets { get; }

    /// <summary>Instances in the words of other tools.</summary>
    public RenderingClient Rendering { get; }

    /// <summary>People, organizations and their members, and who asks.</summary>
    public PeopleClient People { get; }

    /// <summary>API tokens; for people alone.</summary>
    public TokensClient Tokens { get; }

    /// <summary>Version, owner, base domain, and what answers.</summary>
    public Task<ServerResponse> GetServerAsync(CancellationToken cancellationToken = default) =>
        _transport.GetAsync<ServerResponse>("v1/server", cancellationToken);

    /// <summary>True when <c>/readyz</c> is 200. False is the answer 503; no answer at all is an exception.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            using var request = _transport.Request(HttpMethod.Get, "readyz");
            using var response = await _transport.SendAsync(request, cancellationToken);
            return true;
        }
        catch (TenantryException notReady) when (notReady.Status == System.Net.HttpStatusCode.ServiceUnavailable)
        {
            return false;
        }
    }

    /// <summary>What changes, as it happens, until cancelled or the connection breaks.</summary>
    /// <param name="after">Begin after this sequence; null: from now on.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<EventResponse> WatchAsync(long? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var request = _transport.Request(HttpMethod.Get, "v1/events" + (after is { } n ? "?after=" + n : ""));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        using var response = await _transport.SendAsync(request, cancellationToken);
        await foreach (var change in EventStream.ReadAsync<EventResponse>(_transport, response, cancellationToken))
            yield return change;
    }

    /// <summary>The audit, newest first.</summary>
    public IAsyncEnumerable<AuditResponse> ListAuditAsync(CancellationToken cancellationToken = default) => ListAuditAsync([], cancellationToken);

    /// <summary>The audit, newest first.</summary>
    /// <param name="filter">Query parameters: actor, action, subject, outcome, since, until. Null: any.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public IAsyncEnumerable<AuditResponse> ListAuditAsync(IReadOnlyList<(string Name, string? Value)> filter, CancellationToken cancellationToken = default) =>
        _transport.ListAsync<AuditResponse>("v1/audit" + QueryText.Of([.. filter]), cancellationToken);

    /// <summary>Writes the whole audit as JSON lines that can be verified without the control plane.</summary>
    public async Task ExportAuditAsync(Stream output, CancellationToken cancellationToken = default)
    {
        using var request = _transport.Request(HttpMethod.Get, "v1/audit/export");
        using var response = await _transport.SendAsync(request, cancellationToken);
        await response.Content.CopyToAsync(output, cancellationToken);
    }

    /// <summary>Part of the same list.</summary>
    /// <param name="cursor">Where the part before ended, or null.</param>
    /// <param name="limit">1 to 1000.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<PageResponse<AuditResponse>> GetAuditPageAsync(string? cursor, int limit, CancellationToken cancellationToken = default) =>
        GetAuditPageAsync([], cursor, limit, cancellationToken);

    /// <summary>Part of the same list, of what fits.</summary>
    /// <param name="filter">Query parameters: actor, action, subject, outcome, since, until. Null: any.</param>
    /// <param name="cursor">Where the part before ended, or null.</param>
    /// <param name="limit">1 to 1000.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<PageResponse<AuditResponse>> GetAuditPageAsync(IReadOnlyList<(string Name, string? Value)> filter, string? cursor, int limit, CancellationToken cancellationToken = default) =>
        _transport.GetAsync<PageResponse<AuditResponse>>("v1/audit" + QueryText.Of([.. filter, ("cursor", cursor), ("limit", limit.ToString())]), cancellationToken);

    /// <summary>Whether the audit's chain is whole.</summary>
    public Task<AuditVerifyResponse> VerifyAuditAsync(CancellationToken cancellationToken = default) =>
        _transport.GetAsync<AuditVerifyResponse>("v1/audit/verify", cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();
}
