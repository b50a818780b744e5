namespace Tenantry.Model.Wire;

/// <summary>Part of a list. <paramref name="Next"/> goes into <c>?cursor=</c> for the next part; null at the end. <c>?limit=</c> is 1 to 1000, 100 unless said.</summary>
public sealed record PageResponse<T>(IReadOnlyList<T> Items, string? Next);
