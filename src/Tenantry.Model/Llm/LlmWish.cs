namespace Tenantry.Model.Llm;

/// <summary>What a person wants of an instance's LLM keys beside what its tier says.</summary>
/// <param name="Limit">US dollars in place of the tier's limit; null: the tier's.</param>
/// <param name="Disabled">The keys are to be disabled, whatever the instance does.</param>
/// <param name="Rotation">Grows when new keys are asked for; the old ones are deleted once the instance has the new ones.</param>
/// <param name="Own">A person gives the keys as secrets: none is made, and those that were made are deleted.</param>
public sealed record LlmWish(decimal? Limit = null, bool Disabled = false, long Rotation = 0, bool Own = false)
{
    /// <summary>The tier alone decides.</summary>
    public static LlmWish None { get; } = new();
}
