using Tenantry.Model.Manifests;

namespace Tenantry.Model.Llm;

/// <summary>An LLM key of an instance as the engine made it. Only the engine writes it; its text is a secret of the instance and never here.</summary>
/// <param name="InstanceId">The instance.</param>
/// <param name="Secret">The secret that holds its text.</param>
/// <param name="Provider">Who issued it.</param>
/// <param name="Name">Its name at the provider: made from the instance's id, so that no other key ever has it.</param>
/// <param name="Minting">True from before one is asked for until its text is stored: what the provider has under the name and is neither <paramref name="Hash"/> nor <paramref name="Former"/> has lost its text.</param>
/// <param name="Hash">The provider's handle of the key, empty while there is none.</param>
/// <param name="Former">The handle of the key before a rotation, to be deleted as soon as the instance has the new one; empty when there is none.</param>
/// <param name="Label">The few characters of the key that the provider shows.</param>
/// <param name="Rotation">The <see cref="LlmWish.Rotation"/> that it answers to.</param>
/// <param name="Limit">US dollars that it may spend; null: its provider says that it has no limit, which is never wanted.</param>
/// <param name="Reset">When the spending counts from zero again.</param>
/// <param name="Disabled">Whether it is refused by the provider.</param>
public sealed record LlmKey(
    string InstanceId,
    string Secret,
    string Provider,
    string Name,
    bool Minting,
    string Hash,
    string Former,
    string Label,
    long Rotation,
    decimal? Limit,
    LlmReset Reset,
    bool Disabled)
{
    /// <summary>True when the provider has a key whose text the instance has.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsThere => Hash.Length > 0;
}

/// <summary>What a key had spent when the provider was asked last. Amounts are US dollars.</summary>
/// <param name="At">When that was.</param>
/// <param name="Hash">The key that was seen.</param>
/// <param name="Total">Since it was made.</param>
/// <param name="Daily">Since 00:00 UTC.</param>
/// <param name="Weekly">Since Monday 00:00 UTC.</param>
/// <param name="Monthly">Since the first of the month, 00:00 UTC.</param>
/// <param name="Remaining">What is left until the limit; null when the provider does not say.</param>
/// <param name="Told">The threshold in percent that was told last: 0, 50, 80 or 100.</param>
/// <param name="Differs">The provider has it otherwise than it was made: gone, disabled, with another limit, or with a double that nobody owns.</param>
/// <param name="Limit">The limit that it had then; null for none.</param>
public sealed record LlmUsage(
    DateTimeOffset At, string Hash, decimal Total, decimal Daily, decimal Weekly, decimal Monthly, decimal? Remaining, int Told, bool Differs = false, decimal? Limit = null)
{
    private static readonly int[] Thresholds = [100, 80, 50];

    /// <summary>How much of the limit of then was used, in percent, rounded down; 100 when it was used up, 0 of what had no limit.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public int Percent => Remaining is { } left && Limit is > 0 and { } limit ? (int)decimal.Floor(Math.Clamp(limit - left, 0, limit) * 100 / limit) : 0;

    /// <summary>The highest threshold that so many percent have reached, 0 for none.</summary>
    public static int Threshold(int percent) => Thresholds.FirstOrDefault(threshold => percent >= threshold);
}

/// <summary>A key with what is known of its use; <paramref name="Usage"/> is null until the provider was asked.</summary>
public sealed record LlmKeyRecord(LlmKey Key, LlmUsage? Usage);
