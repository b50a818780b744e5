namespace Tenantry.Cli.Onboarding;

/// <summary>What is said of a customer who is to be onboarded; null is what nobody said.</summary>
internal sealed record Customer
{
    public string? Email { get; init; }

    public string? Name { get; init; }

    /// <summary>The tenant's name; null: made from the e-mail's local part.</summary>
    public string? Tenant { get; init; }

    public string? App { get; init; }

    public string? Target { get; init; }

    public string? Tier { get; init; }

    public string? Environment { get; init; }

    public string? Organization { get; init; }

    public string? CostCentre { get; init; }

    /// <summary>US dollars in place of the tier's limit.</summary>
    public decimal? Limit { get; init; }

    /// <summary>No LLM key is made: one is given as a secret.</summary>
    public bool SkipsProvision { get; init; }

    /// <summary>Files by the names of secrets.</summary>
    public IReadOnlyDictionary<string, string> SecretFiles { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Names of the secrets whose file is said for this customer alone, not for all customers of a file.</summary>
    public IReadOnlySet<string> OwnSecrets { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Features { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
