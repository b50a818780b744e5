namespace Tenantry.Model.Naming;

/// <summary>The things whose names people choose.</summary>
public enum NameKind { Tenant, App, Target, Tier, Environment, Organization, Service, Volume }
