using Tenantry.Model.Instances;
using Tenantry.Model.Llm;
using Tenantry.Model.Manifests;

namespace Tenantry.Server.LlmKeys;

/// <summary>An LLM key as it is wanted now.</summary>
/// <param name="Secret">The secret that holds its text.</param>
/// <param name="Provider">Who issues it.</param>
/// <param name="Required">Whether the instance waits for it.</param>
/// <param name="Limit">US dollars; null: neither tier nor person set a cap, and a key without one is not made.</param>
/// <param name="Reset">When the spending counts from zero again.</param>
/// <param name="Disabled">Whether it is to be refused now.</param>
internal sealed record WantedKey(string Secret, string Provider, bool Required, decimal? Limit, LlmReset Reset, bool Disabled)
{
    /// <summary>What the release's manifest, the tier, the person, and the state that is wanted of the instance come to.</summary>
    public static IReadOnlyList<WantedKey> Of(Manifest manifest, InstanceSpec spec, DesiredState desired)
    {
        var llm = manifest.FindTier(spec.Tier)?.Llm;
        var isDisabled = spec.Llm.Disabled || (desired == DesiredState.Asleep && llm?.DisableAsleep == true);
        return
        [
            .. manifest.Secrets.Where(secret => secret.Provider is not null).Select(secret => new WantedKey(
                secret.Name, secret.Provider!, secret.Required, spec.Llm.Limit ?? llm?.Limit, llm?.Reset ?? LlmReset.Monthly, isDisabled)),
        ];
    }

    /// <summary>A key that no other key ever shares its name with: an instance's id is never used again.</summary>
    public string NameOf(InstanceSpec spec) => $"tenantry/{spec.Slug}/{Secret}/{spec.Id}";

    /// <summary>The key before anything was asked for.</summary>
    public LlmKey First(InstanceSpec spec) =>
        new(spec.Id, Secret, Provider, NameOf(spec), Minting: true, Hash: "", Former: "", Label: "", Rotation: 0, Limit, Reset, Disabled: false);

    /// <summary>The cap in words, such as <c>at most $5 monthly</c>.</summary>
    public string Cap => CapOf(Limit, Reset);

    public static string CapOf(decimal? limit, LlmReset reset) => limit is not { } dollars
        ? "without a limit"
        : $"at most {MoneyText.Write(dollars)} {(reset == LlmReset.None ? "in all" : reset.ToString().ToLowerInvariant())}";
}
