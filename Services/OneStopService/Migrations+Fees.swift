extension Migrations {
    /// Several fees of a dossier. The columns of one demand that were there stay filled with the last one.
    static let fees = """
        ALTER TABLE dossiers ADD COLUMN fees jsonb NOT NULL DEFAULT '[]';
        UPDATE dossiers SET fees =
            CASE WHEN demand_kind IS NULL THEN '[]'::jsonb
            ELSE jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
                'demand', demand, 'moment', 'reception', 'amount', coalesce(paid_amount, demand_amount, 0),
                'cases', CASE demand_kind WHEN 'combined' THEN '[]'::jsonb ELSE jsonb_build_array(demand_kind) END,
                'state', CASE WHEN paid_at IS NOT NULL THEN 'paid' WHEN demand IS NULL THEN 'refused' ELSE 'open' END,
                'stops', paid_at IS NULL AND demand IS NOT NULL,
                'settledAt', to_char(paid_at AT TIME ZONE INTERVAL '7 hours', 'YYYY-MM-DD"T"HH24:MI:SS.US"+07:00"'),
                'receiptNumber', receipt_number)))
            END
            || CASE WHEN fee_exemption IS NULL THEN '[]'::jsonb
            ELSE jsonb_build_array(jsonb_build_object(
                'moment', 'reception', 'amount', 0, 'cases', '[]'::jsonb, 'state', 'exempt', 'stops', false,
                'exemption', fee_exemption, 'exemptionReason', fee_exemption_reason))
            END
        WHERE demand_kind IS NOT NULL OR fee_exemption IS NOT NULL;
        """
}
