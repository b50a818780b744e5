using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Events;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Tests.Api;

/// <summary>The real API over a real SQLite store, with an engine that the test tells what to answer.</summary>
internal sealed class TestApi : IAsyncDisposable
{
    public const string Manifest = """
        app: notes
        version: "1.0"
        services:
          web:
            command: [/bin/notes]
            ports: [8080]
        tiers:
          free: {}
          pro: { memory: 512MB }
        defaultTier: free
        secrets:
          api-key: { pattern: "sk-[a-z]+" }
          token: { generate: token }
        features:
          beta: false
          limit: 10
        """;

    private static readonly IReadOnlyList<TargetKind> Kinds =
    [
        new("local", "This machine.", new Dictionary<string, string>(StringComparer.Ordinal) { ["runtime"] = "crun, runc or runsc" }, _ => throw new NotSupportedException())
        {
            CheckOptions = options => Tenantry.Targets.Local.LocalTargetOptions.Parse(options),
            Capabilities = Tenantry.Targets.TargetCatalog.Find("local")!.Capabilities,
        },
        new("docker", "A Docker host.", new Dictionary<string, string>(StringComparer.Ordinal) { ["host"] = "Its address" }, _ => throw new NotSupportedException())
        {
            RefusalsOf = Tenantry.Targets.TargetCatalog.Find("docker")!.RefusalsOf,
            Capabilities = Tenantry.Targets.TargetCatalog.Find("docker")!.Capabilities,
            NotesOn = Tenantry.Targets.TargetCatalog.Find("docker")!.NotesOn,
        },
        // Nothing is asked of it but its prices.
        Tenantry.Targets.TargetCatalog.Find("aws")!,
    ];

    private readonly string root;
    private readonly WebApplication host;
    private readonly List<IDisposable> clients = [];

    private TestApi(string folder, IStore store, WebApplication app, ChangeFeed feed, FakeEngine engine, MovableTime time, EngineKeyRing keys)
    {
        root = folder;
        host = app;
        Keys = keys;
        Store = store;
        Feed = feed;
        Engine = engine;
        Time = time;
    }

    public IStore Store { get; }

    public ChangeFeed Feed { get; }

    public FakeEngine Engine { get; }

    public MovableTime Time { get; }

    public EngineKeyRing Keys { get; }

    /// <summary>The engine's side.</summary>
    public SecretVault Vault => Engine.Secrets!.Vault;

    /// <summary>What the instance would find: values by name.</summary>
    public async Task<Dictionary<string, string>> OpenAsync(string slug)
    {
        var spec = (await Store.FindInstanceBySlugAsync(slug, CancellationToken.None))!.Spec;
        var release = (await Store.FindReleaseAsync(spec.Release, CancellationToken.None))!;
        return await Vault.OpenAsync(NearestSecrets.Of(ManifestJson.Read(release.Manifest), await Store.ListSecretsAsync(spec, CancellationToken.None)).Values, CancellationToken.None);
    }

    public DataFolders Folders => new(root);

    /// <summary>A part of the server, as its endpoints get it.</summary>
    public T Service<T>()
        where T : notnull => host.Services.GetRequiredService<T>();

    public string Socket => Path.Combine(root, "api.sock");

    public Uri Address => new(host.Urls.First(u => !u.Contains("unix", StringComparison.Ordinal)));

    /// <summary>The socket's user.</summary>
    public HttpClient Local => field ??= Client(null);

    public static async Task<TestApi> StartAsync(Func<IStore, IStore>? wrap = null, IReadOnlySet<uint>? socketUsers = null, People.Oidc.OidcOptions? oidc = null, Uri? apiUrl = null, Uri? gatewayUrl = null, IPages? pages = null)
    {
        var folder = Directory.CreateTempSubdirectory("tenantry-api-").FullName;
        var time = new MovableTime();
        var folders = new DataFolders(folder);
        var store = await StoreFactory.OpenAsync("sqlite", folders, time, CancellationToken.None);
        if (wrap is not null)
            store = wrap(store);
        var engine = new FakeEngine();
        var feed = new ChangeFeed(store, engine, TimeProvider.System, NullLogger<ChangeFeed>.Instance);
        await feed.StartAsync(CancellationToken.None);
        var keys = new EngineKeyRing(EngineKey.Create(folders.EngineKey));
        var vault = new SecretVault(store, keys, time, NullLogger<SecretVault>.Instance);
        engine.Secrets = new EngineSecrets(store, vault, new EngineRekey(store, folders, keys, _ => Task.FromResult<IReadOnlyList<string>>([]), null, NullLogger<EngineRekey>.Instance), ExportRecipients.Any, NullLogger<EngineSecrets>.Instance);
        await store.ClaimEngineKeyAsync(keys.PresentMark, replace: false, CancellationToken.None);
        Uri? address = null;
        var app = ApiHost.Build(new ApiParts
        {
            Store = store,
            Engine = engine,
            Feed = feed,
            Settings = new ApiSettings
            {
                BaseDomain = "localhost",
                Gateway = () => gatewayUrl ?? new Uri("http://127.0.0.1:8080"),
                Api = () => apiUrl ?? address,
                Version = "1.2.3",
                StartedAt = time.GetUtcNow(),
            },
            Folders = folders,
            TargetKinds = Kinds,
            Time = time,
            LoggerFactory = NullLoggerFactory.Instance,
            Socket = Path.Combine(folder, "api.sock"),
            SocketUsers = socketUsers ?? new HashSet<uint> { Environment.IsPrivilegedProcess ? 0 : uint.MaxValue },
            Address = new IPEndPoint(IPAddress.Loopback, 0),
            Oidc = oidc,
            Pages = pages,
        });
        await app.StartAsync();
        address = new Uri(app.Urls.First(u => !u.Contains("unix", StringComparison.Ordinal)));
        return new TestApi(folder, store, app, feed, engine, time, keys);
    }

    /// <summary>A client on TCP with that token, or on the socket without one.</summary>
    public HttpClient Client(string? token)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, Expect100ContinueTimeout = TimeSpan.FromSeconds(60) };
        if (token is null)
        {
            handler.ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            };
        }

        var client = new HttpClient(handler) { BaseAddress = token is null ? new Uri("http://tenantry/") : Address, Timeout = TimeSpan.FromSeconds(60) };
        if (!string.IsNullOrEmpty(token))
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        clients.Add(client);
        return client;
    }

    public async Task<string> TokenAsync(string name = "ci") =>
        (await ReadAsync<CreateTokenResponse>(await Local.PostAsync("/v1/tokens", Json(new { name })), HttpStatusCode.Created)).Token;

    /// <summary>Applies the manifest and adds a target.</summary>
    public async Task<string> SetUpAsync()
    {
        using var target = await Local.PutAsync("/v1/targets/local", Json(new { kind = "local" }));
        target.StatusCode.ShouldBe(HttpStatusCode.Created);
        return await ApplyAsync(Manifest);
    }

    public async Task<string> ApplyAsync(string manifest) =>
        (await ReadAsync<ApplyAppResponse>(await Local.PostAsync("/v1/apps", Json(new { manifest })))).Release.Id;

    /// <summary>A tenant and its instance.</summary>
    public async Task<OperationResponse> AddAsync(string tenant)
    {
        using var created = await Local.PostAsync("/v1/tenants", Json(new { name = tenant }));
        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        return await ReadAsync<OperationResponse>(await Local.PostAsync("/v1/instances", Json(new { tenant, app = "notes" })), HttpStatusCode.Accepted);
    }

    /// <summary>Plays the reconciler: writes what it saw and ends the open operation.</summary>
    public async Task SeeAsync(string slug, InstancePhase phase, OperationState state = OperationState.Succeeded)
    {
        var record = (await Store.FindInstanceBySlugAsync(slug, CancellationToken.None))!;
        var lease = (await Store.TryAcquireLeaseAsync(record.Spec.Id, "test", TimeSpan.FromMinutes(1), CancellationToken.None))!;
        await Store.WriteStatusAsync(
            record.Status with { Phase = phase, Reason = "", ObservedGeneration = record.Spec.Generation, Release = record.Spec.Release }, lease, CancellationToken.None);
        if (await Store.FindOpenOperationAsync(record.Spec.Id, CancellationToken.None) is { } open)
            await Store.WriteOperationAsync(open with { State = state, Percent = 100, FinishedAt = Time.GetUtcNow() }, lease, CancellationToken.None);
        await Store.ReleaseLeaseAsync(lease, CancellationToken.None);
    }

    public async Task<InstanceDetailResponse> GetAsync(string slug) => await ReadAsync<InstanceDetailResponse>(await Local.GetAsync($"/v1/instances/{slug}"));

    public static StringContent Json(object body) => new(JsonSerializer.Serialize(body, JsonSerializerOptions.Web), Encoding.UTF8, "application/json");

    public static StringContent Text(string body) => new(body, Encoding.UTF8, "application/json");

    public static async Task<T> ReadAsync<T>(HttpResponseMessage response, HttpStatusCode? expected = null)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            if (expected is not null)
                response.StatusCode.ShouldBe(expected.Value, text);
            else
                response.IsSuccessStatusCode.ShouldBeTrue(text);
            return JsonSerializer.Deserialize<T>(text, WireJson.Options)!;
        }
    }

    public static async Task<ProblemResponse> ProblemAsync(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            response.StatusCode.ShouldBe(status, text);
            response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json", text);
            var problem = JsonSerializer.Deserialize<ProblemResponse>(text, WireJson.Options)!;
            problem.Code.ShouldBe(code, text);
            problem.Status.ShouldBe((int)status);
            problem.Type.ShouldBe("urn:tenantry:problem:" + code);
            problem.Title.ShouldNotBeEmpty();
            problem.Detail.ShouldNotBeEmpty();
            problem.RequestId.ShouldNotBeNullOrEmpty();
            return problem;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients)
            client.Dispose();
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await host.StopAsync(soon.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await host.DisposeAsync();
        await Feed.StopAsync(CancellationToken.None);
        Feed.Dispose();
        await Store.DisposeAsync();
        Keys.Dispose();
        Directory.Delete(root, recursive: true);
    }
}

/// <summary>A clock that a test moves.</summary>
internal sealed class MovableTime : TimeProvider
{
    private DateTimeOffset now = new(2026, 11, 2, 3, 4, 5, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => now;

    public void Advance(TimeSpan by) => now += by;
}
