using System.Globalization;

namespace Tenantry.Model.Manifests;

/// <summary>Everything that a reference can stand for, for one instance. <see cref="Find"/> is what <see cref="ReferenceExpander.Expand"/> takes.</summary>
public sealed record ReferenceValues
{
    public required Manifest Manifest { get; init; }

    public required TierDefinition Tier { get; init; }

    public required string TenantName { get; init; }

    /// <summary>Null: the tenant's name.</summary>
    public string? TenantDisplayName { get; init; }

    public required string Organization { get; init; }

    public required string Slug { get; init; }

    /// <summary>With scheme, and port where it is not the scheme's own: <c>http://alice.localhost:8080</c>.</summary>
    public required string Url { get; init; }

    /// <summary>Without port: <c>alice.localhost</c>.</summary>
    public required string Host { get; init; }

    public required string Environment { get; init; }

    public required string ReleaseId { get; init; }

    /// <summary>The tenant's own values of features, as text; a feature that is missing here has its default.</summary>
    public IReadOnlyDictionary<string, string> Features { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The value of a secret, or null when it has none.</summary>
    public Func<string, string?> Secret { get; init; } = _ => null;

    /// <summary>Where a service of the same instance is reached; by default all share one loopback interface.</summary>
    public Func<string, string> ServiceHost { get; init; } = _ => "127.0.0.1";

    /// <summary>The value of a reference by its name, or null when there is no such thing. An optional secret without a value is empty text.</summary>
    public string? Find(string name) => name switch
    {
        "tenant.name" => TenantName,
        "tenant.displayName" => TenantDisplayName ?? TenantName,
        "tenant.organization" => Organization,
        "instance.slug" => Slug,
        "instance.url" => Url,
        "instance.host" => Host,
        "instance.environment" => Environment,
        "app.name" => Manifest.App,
        "app.version" => Manifest.Version,
        "tier.name" => Tier.Name,
        "tier.memoryMb" => (Tier.Memory / 1_000_000).ToString(CultureInfo.InvariantCulture),
        "release.id" => ReleaseId,
        _ => name.Split('.') switch
        {
            ["feature", var feature] => FindFeature(feature),
            ["secret", var secret] => FindSecret(secret),
            ["service", var service, "host"] => Manifest.FindService(service) is null ? null : ServiceHost(service),
            ["service", var service, "port"] => Manifest.FindService(service)?.Ports.FirstOrDefault()?.Number.ToString(CultureInfo.InvariantCulture),
            _ => null,
        },
    };

    private string? FindFeature(string name) =>
        Manifest.FindFeature(name) is { } feature ? Features.GetValueOrDefault(name, feature.Default) : null;

    private string? FindSecret(string name) =>
        Manifest.FindSecret(name) is { } secret ? Secret(name) ?? (secret.Required ? null : "") : null;
}
