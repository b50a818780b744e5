namespace Tenantry.Server.Store;

/// <summary>
/// The audit of a change that is under way in this flow of control: each transaction of the store that changes what is wanted carries a row of it,
/// so that neither is ever written without the other.
/// </summary>
public sealed class AuditTrail : IDisposable
{
    private static readonly AsyncLocal<AuditTrail?> Present = new();
    private readonly Func<string, AuditEntry> row;
    private volatile bool isOver;

    private AuditTrail(Func<string, AuditEntry> row) => this.row = row;

    /// <summary>True when a row was committed.</summary>
    public bool IsWritten { get; private set; }

    /// <summary>The one of this flow of control, or null.</summary>
    internal static AuditTrail? Current => Present.Value is { isOver: false } trail ? trail : null;

    /// <summary>Begins one; it ends when it is disposed, for whatever was started meanwhile too.</summary>
    /// <param name="row">Makes the row for what one transaction changes, such as <c>instance alice</c>.</param>
    public static AuditTrail Begin(Func<string, AuditEntry> row) => Present.Value = new AuditTrail(row);

    /// <inheritdoc/>
    public void Dispose() => isOver = true;

    internal AuditEntry RowFor(string subject) => row(subject);

    internal void Committed() => IsWritten = true;
}
