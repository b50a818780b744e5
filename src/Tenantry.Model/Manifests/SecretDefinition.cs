namespace Tenantry.Model.Manifests;

/// <summary>
/// A secret that the app needs. Its value is never here. The instance finds it as the file <c>/run/secrets/NAME</c>, and
/// as the variable <see cref="Env"/> if that is set.
/// </summary>
public sealed record SecretDefinition
{
    public required string Name { get; init; }

    /// <summary>Whether an instance stays pending without it. True also for generated secrets, which are always there.</summary>
    public bool Required { get; init; } = true;

    /// <summary>What to ask a person for.</summary>
    public string? Prompt { get; init; }

    /// <summary>Regular expression that the whole value must match.</summary>
    public string? Pattern { get; init; }

    /// <summary>What Tenantry makes when no value is set; null: a person or a provider gives it.</summary>
    public GeneratedSecret? Generate { get; init; }

    /// <summary>Name of the provider that issues it (an LLM key), or null.</summary>
    public string? Provider { get; init; }

    /// <summary>The widest level at which a value may be kept, and the one that a value is generated at. A nearer value wins.</summary>
    public SecretScope Scope { get; init; } = SecretScope.Instance;

    /// <summary>Variable that also holds the value, in every service; null: the file alone.</summary>
    public string? Env { get; init; }

    /// <summary>The command that gives it a value for an instance; levels that other tenants share are said, since their instances change too.</summary>
    public string SetCommand(string slug) =>
        $"tenantry secret set {slug} {Name}{(Scope is SecretScope.App or SecretScope.Organization ? $" --scope {Scope.ToString().ToLowerInvariant()}" : "")}";
}

/// <summary>A value that Tenantry makes from random bytes, once per <see cref="SecretDefinition.Scope"/>.</summary>
public sealed record GeneratedSecret
{
    public required GeneratedKind Kind { get; init; }

    /// <summary>Token: random bytes, written as twice as many hexadecimal digits. Password: characters. Key pair: 0.</summary>
    public required int Length { get; init; }
}
