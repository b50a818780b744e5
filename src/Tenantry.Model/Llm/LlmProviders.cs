namespace Tenantry.Model.Llm;

/// <summary>Who can issue LLM keys.</summary>
public static class LlmProviders
{
    /// <summary>openrouter.ai, by its key-management API.</summary>
    public const string OpenRouter = "openrouter";

    /// <summary>The names that a manifest's <c>provider</c> may have.</summary>
    public static IReadOnlyList<string> All { get; } = [OpenRouter];
}
