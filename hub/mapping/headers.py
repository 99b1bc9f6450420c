"""What columns are called, in English and Chinese: header words by canonical path, for `hub map suggest`."""

from __future__ import annotations

from collections.abc import Mapping

ID_WORDS = (
    "id|no|nr|key|code|number|customerid|customerno|customernumber"
    "|clientid|contactid|partyid|recordid|编号|客户编号|客户号|序号|主键"
)

CUSTOMER: Mapping[str, str] = {
    "email": "email|emailaddress|mail|emailid|primaryemail|邮箱|电子邮箱|电子邮件|邮件|邮箱地址|电邮",
    "phone": "phone|telephone|tel|phonenumber|phoneno|telephonenumber|contactnumber|contactphone"
    "|电话|联系电话|电话号码|固定电话|座机|联系方式",
    "phone[mobile]": "mobile|mobilephone|mobilenumber|mobileno|cell|cellphone|cellular"
    "|手机|手机号|手机号码|移动电话|联系手机",
    "phone[work]": "workphone|businessphone|officephone|办公电话|公司电话|单位电话",
    "phone[home]": "homephone|privatephone|家庭电话|住宅电话",
    "phone[fax]": "fax|faxnumber|传真|传真号",
    "given_name": "givenname|firstname|forename|first|fname|given|名|名字",
    "middle_name": "middlename|middle|secondname|中间名",
    "family_name": "familyname|lastname|surname|last|lname|family|姓|姓氏",
    "full_name": "fullname|personname|contactname|contact|contactperson"
    "|姓名|全名|联系人|联系人姓名|客户姓名|会员姓名",
    "display_name": "name|displayname|customername|customer|client|clientname|partyname|accountname|account"
    "|名称|客户名称|客户|客户名|显示名称",
    "prefix": "salutation|prefix|honorific|nametitle|称呼|尊称|称谓",
    "suffix": "suffix|namesuffix",
    "job_title": "jobtitle|title|position|role|职位|职务|岗位",
    "department": "department|dept|division|部门",
    "company": "company|companyname|organisation|organization|employer|business"
    "|firm|公司|公司名称|单位|单位名称|工作单位|企业名称",
    "birth_date": "birthdate|dateofbirth|dob|birthday|born|bday|生日|出生日期|出生年月|出生年月日",
    "gender": "gender|sex|性别",
    "kind": "kind|type|customertype|partytype|accounttype|客户类型|类型|客户性质",
    "language": "language|lang|locale|preferredlanguage|语言|语种",
    "timezone": "timezone|tz|时区",
    "address.line1": "address|street|address1|addressline1|streetaddress|addr|addr1|street1|line1"
    "|地址|详细地址|街道|街道地址|联系地址|通讯地址",
    "address.line2": "address2|addressline2|street2|addr2|line2|地址2|门牌号",
    "address.line3": "address3|addressline3|street3|line3",
    "address.locality": "city|town|locality|suburb|place|municipality|城市|市|所在城市|所在市",
    "address.region": "state|province|region|county|stateprovince|省|省份|州|所在省|省市",
    "address.postal_code": "zip|zipcode|postcode|postalcode|postal|邮编|邮政编码",
    "address.country": "country|countrycode|countryname|nation|国家|国家地区|国别",
    "address.recipient": "recipient|addressee|收件人|收货人",
    "tax_id[vat]": "vat|vatid|vatno|vatnumber|vatregnumber|增值税号",
    "tax_id[uscc]": "uscc|unifiedsocialcreditcode|统一社会信用代码|社会信用代码|信用代码",
    "tax_id[gst]": "gst|gstin|gstnumber|abn",
    "tax_id[ein]": "ein",
    "tax_id[other]": "taxid|taxnumber|taxno|taxcode|tin|税号|纳税人识别号|纳税识别号",
    "registration_number": "registrationnumber|companynumber|companyno|regno|注册号|工商注册号",
    "website": "website|web|url|homepage|site|webpage|网站|网址|官网|主页",
    "industry": "industry|sector|行业|所属行业",
    "employee_count": "employees|employeecount|numberofemployees|headcount|员工人数|员工数|人数",
    "annual_revenue": "annualrevenue|revenue|turnover|年收入|年营业额|营业额",
    "credit_limit": "creditlimit|credit|信用额度|授信额度",
    "payment_terms": "paymentterms|terms|付款条件|付款方式|账期",
    "tags": "tags|tag|labels|label|groups|categories|标签|分组",
    "lead_source": "leadsource|source|origin|channel|来源|客户来源|渠道|来源渠道",
    "lead_status": "leadstatus|status|stage|状态|客户状态|跟进状态",
    "lifecycle_stage": "lifecyclestage|lifecycle|生命周期|客户阶段",
    "owner_ref": "owner|salesperson|salesrep|accountmanager|assignedto|负责人|业务员|销售|客户经理|所有人",
    "consent[email].status": "newsletter|emailoptin|emailconsent"
    "|optin|acceptsmarketing|marketingconsent|subscribed"
    "|订阅|邮件订阅|接受营销",
    "consent[sms].status": "smsoptin|smsconsent|短信订阅|接受短信",
    "messaging[wechat]": "wechat|weixin|wechatid|微信|微信号",
    "messaging[qq]": "qq|qq号|qq号码",
    "messaging[whatsapp]": "whatsapp|whatsappnumber",
    "social[twitter]": "twitter|twitterhandle|推特",
    "social[linkedin]": "linkedin|linkedinprofile|领英",
    "social[facebook]": "facebook",
    "social[instagram]": "instagram",
    "social[weibo]": "weibo|微博",
    "membership[main].number": "membershipnumber|loyaltynumber|cardnumber|会员号|会员卡号|会员编号|卡号",
    "membership[main].tier": "membershiptier|loyaltytier|tier|会员等级|会员级别|等级",
    "membership[main].points_balance": "points|loyaltypoints|pointsbalance|积分|积分余额|可用积分",
    "membership[main].stored_value": "storedvalue|balance|储值|储值余额|余额",
    "membership[main].joined_at": "membersince|joined|joindate|入会日期|入会时间|注册日期",
    "source_updated_at": "updatedat|updated|modified|modifiedat"
    "|lastmodified|lastupdated|lastupdate|modifieddate"
    "|updatedate|writedate|changed|changedat|dateupdated|更新时间|修改时间|最后修改时间|更新日期|最后更新",
}

ORDER: Mapping[str, str] = {
    "number": "order|ordernumber|orderno|ordername|orderid|订单号|订单编号|订单|单号",
    "customer_record": "customer|customerid|customerno|customernumber|clientid|buyerid"
    "|userid|客户编号|客户号|会员号|买家编号|客户id",
    "email": "email|customeremail|buyeremail|邮箱|客户邮箱",
    "phone": "phone|customerphone|buyerphone|电话|联系电话|手机|手机号",
    "placed_at": "placedat|orderdate|date|createdat|orderedat|purchasedate"
    "|ordertime|下单时间|订单日期|下单日期|订单时间|日期",
    "source_updated_at": "updatedat|updated|modified|lastmodified|更新时间|修改时间",
    "cancelled_at": "cancelledat|canceledat|取消时间",
    "status": "status|orderstatus|state|订单状态|状态",
    "payment_status": "paymentstatus|financialstatus|支付状态|付款状态",
    "fulfilment_status": "fulfilmentstatus|fulfillmentstatus|shippingstatus|deliverystatus|发货状态|物流状态",
    "currency": "currency|currencycode|币种|货币",
    "channel": "channel|source|渠道|销售渠道|来源",
    "note": "note|notes|comment|remark|remarks|备注|买家留言|订单备注",
    "tags": "tags|labels|标签",
    "po_number": "ponumber|po|purchaseorder|采购单号",
    "taxes_included": "taxesincluded|taxincluded|含税",
    "totals.items_subtotal": "subtotal|itemssubtotal|itemtotal|商品金额|商品总额|小计",
    "totals.order_discounts": "discount|discounts|totaldiscount|discountamount|优惠|优惠金额|折扣|折扣金额",
    "totals.shipping": "shipping|shippingcost|freight|delivery|postage|运费|邮费",
    "totals.tax": "tax|totaltax|vat|taxamount|税额|税费|税",
    "totals.tip": "tip|tips|小费",
    "totals.grand_total": "total|grandtotal|ordertotal|amount|totalprice|totalamount"
    "|总金额|订单金额|总额|合计|应付金额|总价",
    "totals.paid": "paid|amountpaid|实付|实付金额|已付金额",
    "totals.refunded": "refunded|refund|退款金额",
    "lines[].sku": "sku|itemsku|productcode|itemcode|articlenumber|商品编码|货号|商品编号|规格编码",
    "lines[].name": "product|item|productname|itemname|title|description|商品|商品名称|产品名称|品名|商品标题",
    "lines[].quantity": "quantity|qty|count|units|数量|件数|购买数量",
    "lines[].unit_price": "unitprice|price|itemprice|单价|价格|商品单价",
    "lines[].total": "linetotal|itemamount|lineamount|行金额|金额",
}

BY_OBJECT: Mapping[str, Mapping[str, str]] = {"customer": CUSTOMER, "order": ORDER}

PREFIXES: Mapping[str, str] = {
    "billing": "billing|bill|billto|invoice|账单|开票|发票",
    "shipping": "shipping|ship|shipto|delivery|deliver|收货|送货|配送|收件",
    "home": "home|private|personal|家庭|住宅|私人",
    "work": "work|business|office|company|公司|办公|单位",
}
"""Words before a header that make it the labelled slot, as in "Billing City"."""
