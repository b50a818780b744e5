namespace Tenantry.Model.Manifests;

/// <summary>
/// What <c>tenantry.yaml</c> says about an app, checked and with every default filled in. Made by <see cref="ManifestReader"/>,
/// kept as JSON by <see cref="ManifestJson"/>, named by <see cref="ManifestDigest"/>. Lists are in the order of the file;
/// where a list comes from a YAML mapping its order means nothing.
/// </summary>
public sealed record Manifest
{
    /// <summary>The app's name; a valid name of <see cref="Naming.NameKind.App"/>.</summary>
    public required string App { get; init; }

    /// <summary>The app's own version, any text that people use for it. Releases are told apart by digest, not by this.</summary>
    public required string Version { get; init; }

    /// <summary>How a release is prepared, or null when the services need nothing but their image or the host's own programs.</summary>
    public BuildDefinition? Build { get; init; }

    /// <summary>At least one. Names are unique, ports are unique across all of them, and dependencies form no circle.</summary>
    public required IReadOnlyList<ServiceDefinition> Services { get; init; }

    /// <summary>Name of the service whose first port the gateway reaches, or null when no service has an http port.</summary>
    public string? Entry { get; init; }

    /// <summary>At least one: without any in the file, one named <c>default</c> with all defaults.</summary>
    public IReadOnlyList<TierDefinition> Tiers { get; init; } = [new() { Name = TierDefinition.DefaultName }];

    /// <summary>The tier of a tenant for whom none is named; null when there are several and the file does not say.</summary>
    public string? DefaultTier { get; init; }

    public IReadOnlyList<SecretDefinition> Secrets { get; init; } = [];

    /// <summary>When instances go to sleep, unless their tier says otherwise; null: never.</summary>
    public SleepPolicy? Sleep { get; init; }

    /// <summary>What happens to requests that meet a sleeping instance; null: the defaults of <see cref="WakePolicy"/>.</summary>
    public WakePolicy? Wake { get; init; }

    /// <summary>What counts as busy beyond open requests; null: the defaults of <see cref="BusyDefinition"/>.</summary>
    public BusyDefinition? Busy { get; init; }

    /// <summary>Paths whose requests are stored and replayed when they meet a sleeping instance.</summary>
    public IReadOnlyList<WebhookDefinition> Webhooks { get; init; } = [];

    /// <summary>How the data is backed up; null: only when asked.</summary>
    public BackupPolicy? Backup { get; init; }

    /// <summary>Where an instance may connect to. Nowhere, unless the file says so.</summary>
    public EgressPolicy Egress { get; init; } = new();

    /// <summary>Flags that can be set per tenant, readable as <c>${feature.NAME}</c>.</summary>
    public IReadOnlyList<FeatureDefinition> Features { get; init; } = [];

    /// <summary>The service the gateway reaches, or null when there is none.</summary>
    public ServiceDefinition? EntryService() => Entry is null ? null : FindService(Entry);

    /// <summary>The port the gateway reaches, or null when there is none.</summary>
    public PortDefinition? EntryPort() => EntryService()?.Ports.FirstOrDefault(port => port.SpeaksHttp());

    /// <summary>The service of that name, or null.</summary>
    public ServiceDefinition? FindService(string name) => Services.FirstOrDefault(s => s.Name == name);

    /// <summary>The tier of that name, or null.</summary>
    public TierDefinition? FindTier(string name) => Tiers.FirstOrDefault(t => t.Name == name);

    /// <summary>Secrets that an instance waits for until a person gives them. With <paramref name="ownLlmKeys"/> LLM keys are among them.</summary>
    public IEnumerable<SecretDefinition> SecretsToGive(bool ownLlmKeys) => Secrets.Where(s => s.Required && s.Generate is null && (s.Provider is null || ownLlmKeys));

    /// <summary>The secret of that name, or null.</summary>
    public SecretDefinition? FindSecret(string name) => Secrets.FirstOrDefault(s => s.Name == name);

    /// <summary>The feature of that name, or null.</summary>
    public FeatureDefinition? FindFeature(string name) => Features.FirstOrDefault(f => f.Name == name);
}
